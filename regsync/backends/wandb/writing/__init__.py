"""What writes: operations as mutations, each checked right before it is sent and settled after."""
