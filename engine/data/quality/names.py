"""The checks of a dataset by name, in the order in which they are made, and what each asks."""

from __future__ import annotations

from engine.health.names import Name

NAMES: dict[str, Name] = {
    "empty": Name("Empty", "Does every row have something to learn from?"),
    "missing": Name("Missing values", "Are there values in all cells?"),
    "mixed-types": Name("Mixed types", "Is a column either of numbers or of texts?"),
    "constant": Name("Constant columns", "Does every column tell rows apart?"),
    "encoding": Name("Encoding", "Were letters read as they were meant?"),
    "length": Name("Length", "Are texts about as long as the others?"),
    "duplicates": Name("Duplicates", "Is every row there once?"),
    "near-duplicates": Name("Near duplicates", "Are there texts that hardly differ?"),
    "conflicts": Name("Label conflicts", "Does the same input always have the same label?"),
    "balance": Name("Class balance", "Are there enough rows of every class?"),
    "images": Name("Broken images", "Can every image be decoded?"),
    "channels": Name("Channels", "Are images as coloured as the others?"),
    "image-size": Name("Image size", "Are images as large as the others?"),
    "leakage": Name("Leakage", "Is nothing held out that is trained on?"),
    "near-leakage": Name("Near leakage", "Is nothing held out that hardly differs from training?"),
    "group-leakage": Name("Groups on both sides", "Is every group on one side only?"),
    "label-noise": Name("Doubtful labels", "Does a trained model agree with the labels?"),
}
