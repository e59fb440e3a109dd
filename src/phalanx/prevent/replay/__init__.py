"""What a policy would have done to traffic that was logged, and to whom, before it is in force."""
