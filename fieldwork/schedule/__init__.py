"""What planning and visits stand on: technicians and their days, sites and their positions, how long things take."""
