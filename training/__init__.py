"""Everything that makes the embedded model: data, training, export and evaluation."""
