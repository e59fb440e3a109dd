"""Where models and releases lie: folders of this machine, and stores behind a URL."""
