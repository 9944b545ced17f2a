"""Where runs run: in a thread of this process, in a process of their own, or in the foreground."""
