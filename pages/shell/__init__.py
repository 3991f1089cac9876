"""The frame of staff pages: who is signed in, navigation, service calls with a refusal in words."""
