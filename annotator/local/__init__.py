"""The whole site on one machine: the embedded servers, and the supervisor that owns every process."""
