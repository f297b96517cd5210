"""Musical vocabulary shared by everything else; standard library only."""
