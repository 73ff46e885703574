"""The client for programs with an event loop; the blocking one is written from it."""
