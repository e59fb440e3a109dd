"""What a provider decided beforehand: rules on facts, actions, and how far they are in force."""
