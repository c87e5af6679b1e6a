import Commands

MainFunction.run()
