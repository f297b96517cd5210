"""The native step: C++ built at first use, for CPUs with a compiler at hand."""
