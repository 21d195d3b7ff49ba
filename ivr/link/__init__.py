"""The link: typed messages between our own processes, over WebSockets on loopback."""
