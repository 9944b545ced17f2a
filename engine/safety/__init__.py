"""What watches over a training that goes on."""
