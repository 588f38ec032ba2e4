"""The fields of Mutation, by what they change. Each finds what is meant, makes one change in the store, and shows the result."""
