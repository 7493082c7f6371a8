"""The actions, one module for each kind of object; importing a module enters its actions into ``registry``."""
