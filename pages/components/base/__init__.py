"""Elements, buttons, icons, focus and theme: what every other component is made of."""
