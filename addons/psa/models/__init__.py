from . import psa_demo_story
