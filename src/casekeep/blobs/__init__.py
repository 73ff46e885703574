"""Where bytes are kept, by organisation and file id; never by a file name."""
