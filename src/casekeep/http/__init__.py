"""What both HTTP edges share: request ids, ranges, timestamps, uploads."""
