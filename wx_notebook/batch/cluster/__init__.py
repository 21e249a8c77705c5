"""A prompt over a table on a cluster of Dask: the workers send, the kernel decides and writes."""
