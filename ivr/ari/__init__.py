"""The Asterisk REST Interface: commands and events over one WebSocket, and AMI for what ARI cannot do."""
