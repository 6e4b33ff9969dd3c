"""What is computed: statistics as pure functions on counts, and the words made of them."""
