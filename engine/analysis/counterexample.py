class DoesNotRun(Exception): pass
class Happening: pass
class Player:
    def __init__(s,m,sp): s.sp=sp
    def play(self, path, trigger, tests, safeguard):
        print("   PATH", [(x.way.name, x.says, x.cost) for x in path], trigger and (trigger.way.name if trigger.way else trigger.words), tests and tests.cube)
        raise DoesNotRun("x")
