"""How signals read a conversation: texts, phrases, who said what to whom, what was asked for and what was answered."""
