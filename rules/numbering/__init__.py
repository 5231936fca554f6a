"""What a number is: any spelling, one canonical form, one class; emergencies first."""
