"""From what was read to releases: chained, proposed, held or published, approved, rolled back."""
