"""The service that makes music; it knows nothing of chats or bots."""
