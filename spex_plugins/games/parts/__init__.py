"""Games of the parts of a call of any system: tools, agents, memories, examples, rules."""
