"""A campaign and its people: rules, questions, guidelines, members and how they join."""
