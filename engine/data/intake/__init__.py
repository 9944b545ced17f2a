"""From files, folders, databases and generators to rows with types."""
