"""Sessions made from real ones, to fill sparse cells and to test evaluators; by their table they enter no rate."""
