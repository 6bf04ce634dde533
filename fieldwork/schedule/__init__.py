"""What planning and visits build on: technicians and their days, sites and their positions, how long things take."""
