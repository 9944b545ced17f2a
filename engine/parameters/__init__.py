"""Which parameter gets which treatment: groups, decay, frozen patterns."""
