module frazil.test/clouds/google

go 1.26
