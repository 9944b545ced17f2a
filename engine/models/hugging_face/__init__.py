"""Models of the Hugging Face transformers library, from a configuration, a folder or the hub."""
