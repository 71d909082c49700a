"""What a reviewer is told beside the transcript: facts before he answers, and machine words after."""
