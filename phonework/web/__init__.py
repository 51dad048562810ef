"""The web: searched through Metaso, pages fetched and made text, and nothing private reached by it (A6)."""
