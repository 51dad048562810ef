"""What a move writes on the draft, one module for each noun: pure, nothing is performed here."""
