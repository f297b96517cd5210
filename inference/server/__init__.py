"""The service: requests in, songs and their files out, over HTTP (aiohttp)."""
