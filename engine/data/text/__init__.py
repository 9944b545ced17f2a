"""Text as numbers: tokenizers, prepared tokens on the disk, and how samples are cut from them."""
