"""Basic components: elements, buttons, icons, focus and theme."""
