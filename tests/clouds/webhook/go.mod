module frazil.test/clouds/webhook

go 1.26
