"""The Models page: the library, and the tabs of one version."""
