"""The cases room: opens cases and decides who sees them."""
