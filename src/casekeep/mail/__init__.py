"""Mail and text messages out, over real channels."""
