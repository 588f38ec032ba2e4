"""Changes in manifests that are there: a value, a block, the layout. Comments and everything else stay."""
