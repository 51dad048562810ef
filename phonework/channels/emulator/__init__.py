"""Feishu's side of the wire, small enough to run on a desk: it plays the cloud and the phone."""
