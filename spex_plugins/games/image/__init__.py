"""Value functions of images, alone or with a text."""
