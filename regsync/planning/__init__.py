"""Making plans, and everything else that only reads and answers: evidence, drift, why, the way back."""
