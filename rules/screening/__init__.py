"""What the proxy holds: a call goes in, a verdict comes out; what is live is swapped whole."""
