"""Smart mode: a language model with tools, as a person's companion."""
