"""From an address to bytes that are kept: safe connections, bounded answers, the raw store."""
