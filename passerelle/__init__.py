"""What other programs import from this product; everything else may change without notice."""
