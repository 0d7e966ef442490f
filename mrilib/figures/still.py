"""The mark of what stands for an explorer where no kernel runs, instead of the view that follows its controls."""

STILL_CLASS = "mrilib-still"  # of the widget that holds it
