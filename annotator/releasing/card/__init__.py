"""The dataset card: facts, sentences and charts."""
